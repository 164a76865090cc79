import { useQuery } from '@tanstack/react-query'
import { healthQuery } from '../../../api/stats.ts'
import type { SmallVideo } from '../../../api/video.ts'
import { Command } from '../../../components/command.tsx'
import { isAtWork, modelJobOf, reasonText } from '../state/progress.ts'

type Step = SmallVideo['steps'][number]

/** Why a step gave nothing: not run yet, skipped, failed. Null when it is done. */
export function StepNote({ step, video }: { step: Step | undefined; video: SmallVideo }) {
  if (!step || step.state === 'done') return null
  if (step.state === 'failed')
    return <p className="text-bad">{step.message ?? step.reason ?? 'This step failed.'}</p>
  if (step.state === 'skipped')
    return step.reason === 'model-missing' ? (
      <ModelMissing step={step} />
    ) : (
      <p>{reasonText(step.reason ?? 'nothing to do')}</p>
    )
  return <p>{isAtWork(video.status) ? 'This step is still to come.' : 'This step did not run.'}</p>
}

/** The command that installs a step's model, as the server says it. */
export function ModelMissing({ step }: { step: Step }) {
  const health = useQuery(healthQuery())
  const job = modelJobOf(step.name)
  const model = job ? health.data?.checks.models[job] : undefined
  return (
    <div className="space-y-2">
      <p>{reasonText('model-missing')}</p>
      {model?.command ? (
        <>
          <Command text={model.command} />
          <p>Then choose Reprocess under Actions.</p>
        </>
      ) : (
        model?.ok && <p>It is installed now: choose Reprocess under Actions.</p>
      )}
    </div>
  )
}
