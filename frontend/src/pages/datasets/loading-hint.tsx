import { ChevronRight } from 'lucide-react'

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
    text = pathlib.Path(video.annotation_file).read_text("utf-8")
    seen = json.loads(text)["objects_detected"]
    print(video.title, [each["label"] for each in seen])`

/** What is in an archive and how to read it; closed until someone wants to know. */
export function LoadingHint() {
  return (
    <details className="group border-t">
      <summary className="flex list-none items-center gap-2 px-4 py-2.5 text-sm text-dim hover:text-ink">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden />
        What is in the archive, and how to load it
      </summary>
      <div className="grid gap-4 px-4 pb-3 lg:grid-cols-2">
        <div className="space-y-2">
          <dl className="space-y-2">
            {CONTENTS.map(([file, meaning]) => (
              <div key={file}>
                <dt className="font-mono text-xs">{file}</dt>
                <dd className="text-xs text-dim">{meaning}</dd>
              </div>
            ))}
          </dl>
          <p className="text-xs text-dim">
            The videos themselves are not in the archive:{' '}
            <code className="font-mono">source_url</code> says where each one is,{' '}
            <code className="font-mono">licence</code> what it may be used for.
          </p>
        </div>
        <pre className="min-w-0 self-start rounded-md border bg-ground p-3 font-mono text-xs leading-relaxed break-words whitespace-pre-wrap">
          <code>{EXAMPLE}</code>
        </pre>
      </div>
    </details>
  )
}
