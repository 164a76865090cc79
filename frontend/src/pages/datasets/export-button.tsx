import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FileArchive } from 'lucide-react'
import { useNavigate } from 'react-router'
import { type Dataset, startExport } from '../../api/datasets.ts'
import { Button } from '../../components/ui/button.tsx'
import { useToast } from '../../components/ui/toast.tsx'
import { paths } from '../../lib/paths.ts'

/** Has an archive of the dataset made; with `opensDataset` its progress is then shown. */
export function ExportButton({
  dataset,
  size = 'md',
  variant = 'secondary',
  opensDataset = false,
}: {
  dataset: Pick<Dataset, 'id' | 'name'>
  size?: 'sm' | 'md'
  variant?: 'primary' | 'secondary'
  opensDataset?: boolean
}) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const exporting = useMutation({
    mutationFn: () => startExport(dataset.id),
    onSuccess: async (made) => {
      toast(made.state === 'done' ? 'This version is exported already' : 'The export has started')
      if (opensDataset) void navigate(paths.dataset(dataset.id))
      await client.invalidateQueries({ queryKey: ['datasets', dataset.id, 'exports'] })
    },
    onError: (error) => toast(error.message, 'bad'),
  })
  return (
    <Button
      size={size}
      variant={variant}
      disabled={exporting.isPending}
      onClick={() => exporting.mutate()}
      aria-label={`Export ${dataset.name}`}
    >
      <FileArchive /> Export
    </Button>
  )
}
