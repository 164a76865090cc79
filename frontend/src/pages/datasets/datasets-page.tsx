import { useParams } from 'react-router'
import { DatasetDetail } from './dataset-detail.tsx'
import { DatasetList } from './dataset-list.tsx'

/** All datasets, or the one that the address names. */
export function DatasetsPage() {
  const { id } = useParams()
  return (
    <div className="mx-auto max-w-7xl space-y-4 p-3 sm:p-4">
      {id ? <DatasetDetail key={id} id={id} /> : <DatasetList />}
    </div>
  )
}
