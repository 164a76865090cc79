#!/usr/bin/env node
// The command line's entry: options, exit codes, signals; long because it lists every option. What commands do is in src/commands/.
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { datasetCreate, datasetList, datasetShow, exportDataset } from './commands/datasets.ts'
import { doctor } from './commands/doctor.ts'
import { allow, forget, forgotten } from './commands/forget.ts'
import { ingest } from './commands/ingest.ts'
import { tasks, videos } from './commands/lists.ts'
import { migrateCommand } from './commands/migrate.ts'
import { modelsList, modelsPull } from './commands/models.ts'
import { recompute } from './commands/recompute.ts'
import { reportFailure } from './commands/report.ts'
import { search } from './commands/search.ts'
import { seed } from './commands/seed.ts'
import { serveCommand, workerCommand } from './commands/serve.ts'
import { taskCancel, taskRetry } from './commands/task-control.ts'
import { taxonomyCalibrate, taxonomyTest } from './commands/taxonomy.ts'
import {
  webhookAdd,
  webhookDeliveries,
  webhookList,
  webhookRemove,
  webhookResend,
  webhookTest,
} from './commands/webhooks.ts'

const program = new Command('forgeindex')
  .description('One sentence in, a labelled, versioned, exportable video dataset out.')
  .version('0.1.0')
  .exitOverride()
  // An option after a subcommand is the subcommand's own, also where the parent has it too.
  .enablePositionalOptions()
  .configureHelp({ sortSubcommands: false })

const wholeNumber = (text: string) => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number.')
  return Number(text)
}
const number = (text: string) => {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('expected a number.')
  return Number(text)
}
const json = ['--json', 'print one JSON value on standard output'] as const

program
  .command('ingest')
  .description('find, download and label videos: a folder, a file, a URL, a list.txt or "words"')
  .argument('<what>')
  .option(
    '--platform <name>',
    'youtube, tiktok, instagram, commons, archive, nasa, any, folder, urls',
  )
  .option('--max-videos <n>', 'how many at most, 1 to 10000', wholeNumber)
  .option('--taxonomy <name>', 'name or path of a taxonomy')
  .option(
    '--open-vocabulary [words]',
    "look for words too: the taxonomy's, or these, separated by commas",
  )
  .option('--dry-run', 'only estimate: candidates, hours, bytes, time, cost')
  .option('--expand', "search with the taxonomy's words too, when the plain query brings no more")
  .option('--duplicates <policy>', 'allow or skip videos that look like another of the task')
  .option(
    '--min-relevance <share>',
    'how well a video must fit the query, 0 (any) to 1; default 0.2',
    number,
  )
  .option('--max-bytes <n>', 'most bytes of all its videos', wholeNumber)
  .option('--max-seconds <n>', 'most seconds of looking for videos', number)
  .option('--max-usd <n>', 'most dollars at paid sources', number)
  .option('--wait', 'wait for the end (without a server it always does)')
  .option(...json)
  .action(run(ingest))

const taskList = program
  .command('tasks')
  .description('ingestion tasks, or one; cancel ID, retry ID')
  .argument('[id]')
  .option('--limit <n>', 'how many', wholeNumber)
  .option(...json)
  .action(run(tasks))
taskList
  .command('cancel')
  .description('stop a task; what is done is kept')
  .argument('<id>')
  .option(...json)
  .action(run(taskCancel))
taskList
  .command('retry')
  .description('take up again what failed for a reason that may pass')
  .argument('<id>')
  .option('--code <codes...>', 'only what failed so, whatever the reason: rate-limited, network, …')
  .option('--wait', 'wait for the end (without a server it always does)')
  .option(...json)
  .action(run(taskRetry))

const videoList = program
  .command('videos')
  .description('videos, or everything about one; forget ID… --reason TEXT, forgotten, allow ID…')
  .argument('[id]')
  .option('--limit <n>', 'how many', wholeNumber)
  .option('--status <status>', 'only those of this status')
  .option(...json)
  .action(run(videos))
videoList
  .command('forget')
  .description('remove videos for good, and never fetch them again')
  .argument('<ids...>')
  .requiredOption('--reason <text>', 'why; it is kept')
  .option(...json)
  .action(run(forget))
videoList
  .command('forgotten')
  .description('what was forgotten, and why')
  .option('--limit <n>', 'how many', wholeNumber)
  .option(...json)
  .action(run(forgotten))
videoList
  .command('allow')
  .description('let forgotten videos be fetched again')
  .argument('<ids...>')
  .option(...json)
  .action(run(allow))

program
  .command('search')
  .description('videos and their moments by meaning')
  .argument('<words>')
  .option('--limit <n>', 'how many', wholeNumber)
  .option('--filter <json>', 'the search filters as JSON')
  .option(...json)
  .action(run(search))

const dataset = program
  .command('dataset')
  .description('datasets: create NAME, list, show ID')
  .action(run(datasetList))
dataset.option(...json)
dataset
  .command('create')
  .argument('<name>')
  .option(
    '--filter <json>',
    'which videos: the search filters as JSON, for example {"tags":["cnc"]}',
  )
  .option('--description <text>')
  .option(...json)
  .action(run(datasetCreate))
dataset
  .command('list')
  .option(...json)
  .action(run(datasetList))
dataset
  .command('show')
  .argument('<id>')
  .option(...json)
  .action(run(datasetShow))

program
  .command('export')
  .description('write a dataset to a file')
  .argument('<id>')
  .option('--format <name>', 'zip', 'zip')
  .requiredOption('--out <file>', 'where to write it')
  .option(...json)
  .action(run(exportDataset))

program
  .command('serve')
  .description('the web API and the work behind it')
  .option('--port <n>', 'port', wholeNumber, 8000)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--role <role>', 'all, api or worker', 'all')
  .action(run(serveCommand))

program
  .command('worker')
  .description('background work only (needs DATABASE_URL)')
  .action(run(workerCommand))

program
  .command('migrate')
  .description('bring the database up to date')
  .option(...json)
  .action(run(migrateCommand))

program
  .command('seed')
  .description('ingest 20 videos over 5 manufacturing categories')
  .option('--platform <name>', 'where from; default: Wikimedia Commons, then the Internet Archive')
  .option('--max-videos <n>', 'how many in all', wholeNumber)
  .option(...json)
  .action(run(seed))

const models = program
  .command('models')
  .description('models: list, pull [NAME…]')
  .action(run(modelsList))
models.option(...json)
models
  .command('list')
  .option(...json)
  .action(run(modelsList))
models
  .command('pull')
  .argument('[names...]')
  .option(...json)
  .action(run(modelsPull))

const taxonomy = program
  .command('taxonomy')
  .description('the words used as labels: test FOLDER, calibrate FOLDER')
taxonomy
  .command('test')
  .description(
    'hits and misses of the concepts on labelled pictures: FOLDER/<concept>/*.jpg, FOLDER/none/*.jpg',
  )
  .argument('<folder>')
  .option('--taxonomy <name>', 'name or path of a taxonomy')
  .option(...json)
  .action(run(taxonomyTest))
taxonomy
  .command('calibrate')
  .description('measure the concepts on such pictures and write that into the taxonomy')
  .argument('<folder>')
  .option('--taxonomy <name>', 'name or path of a taxonomy')
  .option('--out <file>', 'write a copy instead of changing the file')
  .option('--origin <text>', 'which pictures they are; it is kept')
  .option(...json)
  .action(run(taxonomyCalibrate))

const webhook = program
  .command('webhook')
  .description('who is told over HTTP what happens: add URL, list, remove, test, deliveries')
  .action(run(webhookList))
webhook.option(...json)
webhook
  .command('add')
  .argument('<url>')
  .option('--event <types...>', 'what to tell, such as task.completed; else all that ends')
  .option('--task <id>', 'only what is about this task')
  .option('--description <text>')
  .option(...json)
  .action(run(webhookAdd))
webhook
  .command('list')
  .option(...json)
  .action(run(webhookList))
webhook
  .command('remove')
  .argument('<id>')
  .option(...json)
  .action(run(webhookRemove))
webhook
  .command('test')
  .description('send a message to see whether it arrives')
  .argument('<id>')
  .option(...json)
  .action(run(webhookTest))
webhook
  .command('deliveries')
  .description('what was sent, and what came of it')
  .argument('<id>')
  .option('--limit <n>', 'how many', wholeNumber)
  .option(...json)
  .action(run(webhookDeliveries))
webhook
  .command('resend')
  .description('send a message of `deliveries` again')
  .argument('<delivery-id>')
  .option(...json)
  .action(run(webhookResend))

program
  .command('recompute')
  .description('run the steps that are stale: a model was missing or changed, or the taxonomy')
  .option('--step <step>', 'this step and those that read it alone')
  .option('--model <name>', 'try another model for the step, beside the one in use')
  .option('--filter <json>', 'only these videos: the filters of a search, as JSON')
  .option('--dry-run', 'say how many and how long; nothing starts')
  .option('--status', 'which models are in use and on trial')
  .option('--promote', 'put the model on trial for --step in the place of the one in use')
  .option('--partial', 'with --promote: although videos are missing or failed')
  .option('--discard', 'remove what the model on trial made')
  .option('--wait', 'wait for the end (without a server it always does)')
  .option(...json)
  .action(run(recompute))

program
  .command('doctor')
  .description('what is installed, what is missing, and the command that mends it')
  .option(...json)
  .action(run(doctor))

/** Runs a command's action and turns its answer into the exit code, its throw into one message. */
function run<A extends unknown[]>(action: (...args: A) => Promise<number>) {
  return async (...args: A) => {
    process.exitCode = await action(...args)
  }
}

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said it already; help and version are no faults.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else process.exitCode = reportFailure(error, process.argv.includes('--json'))
}
