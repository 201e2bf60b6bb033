import { join } from 'node:path'
import { demoFolders } from './setting/demo-folders.ts'

/** Commands to try on a demo that was kept. */
export function playingHints(home: string): string {
  const folders = demoFolders(home)
  const issuer = join(folders.issuer, 'issuer.yaml')
  const web = folders.host('web')
  return `
The set-up is in ${home}; its processes have ended. Try, with \`npm run mayfly --\` before each command:

  mayfly root show --root ${join(folders.root, 'root')}
  mayfly issuer run --config ${issuer}                 # in a terminal of its own
  mayfly issuer status --config ${issuer}
  mayfly identity list --config ${issuer}              # web is suspended: its lineage was stolen
  mayfly identity resume web --config ${issuer}
  mayfly agent run --config ${web.configuration}       # in a terminal of its own
  mayfly agent status --config ${web.configuration}
  mayfly inspect ${join(web.live, 'web', 'fullchain.pem')}`
}
