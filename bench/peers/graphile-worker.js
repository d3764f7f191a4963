// Drains flat no-op jobs with graphile-worker as it comes, but for ten jobs at a time in place of one.
// usage: graphile-worker.js URL JOBS; prints {"rate": jobs a second}
import { makeWorkerUtils, Logger, run } from 'graphile-worker'

const [url, count] = [process.argv[2], Number(process.argv[3])]
const quiet = new Logger(() => () => {})
const utils = await makeWorkerUtils({ connectionString: url, logger: quiet })
await utils.migrate()
for (let left = count; left > 0; left -= 1000) {
  await utils.addJobs(Array.from({ length: Math.min(left, 1000) }, () => ({ identifier: 'nothing', payload: {} })))
}
await utils.release()

let done = 0
let end
const all = new Promise(resolve => { end = resolve })
const runner = await run({ connectionString: url, concurrency: 10, logger: quiet, noHandleSignals: true, taskList: { nothing: async () => {} } })
const began = performance.now()
runner.events.on('job:complete', () => { if (++done === count) end() })
await all
console.log(JSON.stringify({ rate: count / ((performance.now() - began) / 1000) }))
await runner.stop()
process.exit(0)
