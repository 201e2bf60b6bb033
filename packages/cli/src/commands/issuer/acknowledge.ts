import type { KeptAlarmKind } from '@mayfly/issuer-daemon'
import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { issuerAcknowledgeJson } from './issuer-json.ts'

export interface AcknowledgeOptions extends AdminOptions {
  readonly alarm: KeptAlarmKind
  readonly json?: boolean
}

/** `mayfly issuer acknowledge` */
export async function issuerAcknowledge(
  options: AcknowledgeOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerAcknowledgeJson>>> {
  await (await openAdmin(options, session)).acknowledgeAlarm(options.alarm)
  return {
    json: { alarm: options.alarm, acknowledged: true },
    lines: [`The alarm ${options.alarm} was acknowledged. The audit says that it was you.`],
  }
}
