// Drains graphs of no-op jobs with pg-boss' flows.
// usage: pg-boss-flow.js URL GRAPHS PARENTS-AS-JSON default|driven; prints {"rate": jobs a second}
//   default  a worker as the documentation has it, children freed by the background resolver every five seconds
//   driven   fetched and completed 500 at a time in a loop, the resolver called at once where nothing is ready
import { PgBoss } from 'pg-boss'

const [url, graphs, parents, mode] = [process.argv[2], Number(process.argv[3]), JSON.parse(process.argv[4]), process.argv[5]]
const boss = new PgBoss({ connectionString: url, schedule: false })
boss.on('error', e => console.error(e))
await boss.start()
await boss.createQueue('nothing')
const graph = parents.map((from, i) => ({ ref: `t${i}`, name: 'nothing', data: {}, dependsOn: from.length ? from.map(p => `t${p}`) : undefined }))
for (let left = graphs; left > 0; left -= 10) {
  await Promise.all(Array.from({ length: Math.min(left, 10) }, () => boss.flow(graph)))
}

const count = graphs * parents.length
const began = performance.now()
await (mode === 'driven' ? drive() : work())
console.log(JSON.stringify({ rate: count / ((performance.now() - began) / 1000) }))
await boss.stop({ graceful: false })
process.exit(0)

async function drive () {
  for (let done = 0; done < count;) {
    const jobs = await boss.fetch('nothing', { batchSize: 500 })
    if (jobs.length === 0) {
      await boss.resolveFlow()
      continue
    }
    await boss.complete('nothing', jobs.map(j => j.id))
    done += jobs.length
  }
}

async function work () {
  let done = 0
  await new Promise(resolve => {
    boss.work('nothing', { batchSize: 500, pollingIntervalSeconds: 0.5 }, async jobs => {
      done += jobs.length
      if (done >= count) resolve()
    })
  })
}
