import { useTitle } from '../../lib/use-title.ts'

export function VideoPage() {
  useTitle('Video')
  return <h1 className="p-4 text-lg font-semibold">Video</h1>
}
