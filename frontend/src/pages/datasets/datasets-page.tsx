import { useTitle } from '../../lib/use-title.ts'

export function DatasetsPage() {
  useTitle('Datasets')
  return <h1 className="p-4 text-lg font-semibold">Datasets</h1>
}
