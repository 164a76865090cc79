import { useTitle } from '../../lib/use-title.ts'

export function SearchPage() {
  useTitle('Search')
  return <h1 className="p-4 text-lg font-semibold">Search</h1>
}
