import { type AttackScale, startAttack } from './attackers.ts'

/** The attackers, in a process of their own: `node attack-child.ts PORT CA-PEM SCALE-JSON`, until SIGTERM. */
const [port = '', ca = '', scale = ''] = process.argv.slice(2)
const attack = startAttack(Number(port), ca, JSON.parse(scale) as AttackScale)
process.once('SIGTERM', async () => {
  await attack.stop()
  console.log(JSON.stringify(attack.counts))
  process.exit()
})
