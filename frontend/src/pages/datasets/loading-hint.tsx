import { Card, CardHeader } from '../../components/ui/card.tsx'

const CONTENTS = [
  ['annotations/<video id>.json', 'all labels of one video, with times and boxes'],
  ['metadata.csv', 'one line a video: source, licence, length, tags, counts'],
  ['taxonomy.yaml', 'the words used as labels and the rules behind them'],
  ['README.md', 'conventions, counts, licences, models'],
] as const

const EXAMPLE = `import json, pathlib
import pandas as pd

videos = pd.read_csv("metadata.csv", keep_default_na=False)
for video in videos.itertuples():
    annotation = json.loads(pathlib.Path(video.annotation_file).read_text(encoding="utf-8"))
    print(video.title, [seen["label"] for seen in annotation["objects_detected"]])`

/** What is in an archive and how to read it. */
export function LoadingHint() {
  return (
    <Card aria-label="How to load it">
      <CardHeader title="How to load it" />
      <div className="grid gap-4 p-4 lg:grid-cols-2">
        <dl className="space-y-2 text-sm">
          {CONTENTS.map(([file, meaning]) => (
            <div key={file}>
              <dt className="font-mono text-xs">{file}</dt>
              <dd className="text-xs text-dim">{meaning}</dd>
            </div>
          ))}
        </dl>
        <pre className="min-w-0 self-start rounded-md border bg-ground p-3 font-mono text-xs leading-relaxed break-words whitespace-pre-wrap">
          <code>{EXAMPLE}</code>
        </pre>
      </div>
      <p className="border-t px-4 py-2.5 text-xs text-dim">
        The videos themselves are not in the archive: <code className="font-mono">source_url</code>{' '}
        says where each one is, <code className="font-mono">licence</code> what it may be used for.
      </p>
    </Card>
  )
}
