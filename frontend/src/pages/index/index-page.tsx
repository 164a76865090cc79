import { useTitle } from '../../lib/use-title.ts'

export function IndexPage() {
  useTitle('Overview')
  return <h1 className="p-4 text-lg font-semibold">Overview</h1>
}
