import { formatFingerprint, MayflyError, parseFingerprint } from '@mayfly/ca-core'
import type { AdminClient, IntermediateView, TaintedAuthority } from '@mayfly/issuer-daemon'
import { nonePrepared } from '@mayfly/issuer-daemon/administration'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { issuerTaintJson } from './issuer-json.ts'

export interface IssuerTaintOptions extends AdminOptions {
  /** Hex, with or without colons; default: the current intermediate. */
  readonly fingerprint?: string
  readonly yes?: boolean
  readonly json?: boolean
}

/** Typed to confirm: so many characters of the fingerprint show that it was looked at. */
const typedCharacters = 8

/** `mayfly issuer taint` */
export async function issuerTaint(
  options: IssuerTaintOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerTaintJson>>> {
  const admin = await openAdmin(options, session)
  const { intermediates } = await admin.status()
  const view = chooseIntermediate(options, intermediates)
  if (options.yes !== true) await confirm(view, intermediates, session)
  return describe(await taint(admin, view))
}

function chooseIntermediate(
  { fingerprint, yes }: IssuerTaintOptions,
  intermediates: readonly IntermediateView[],
): IntermediateView {
  if (fingerprint === undefined && yes === true) {
    throw new MayflyError(
      'usage',
      'With --yes, say which intermediate: its SHA-256, as `mayfly issuer status` shows it.',
    )
  }
  const wanted = fingerprint === undefined ? undefined : parseFingerprint(fingerprint)
  const found = intermediates.find((view) =>
    wanted === undefined ? view.slot === 'current' : view.fingerprint === wanted,
  )
  if (found !== undefined) return found
  const known = intermediates.map((view) => `  ${formatFingerprint(view.fingerprint)}  ${view.slot}`)
  throw new MayflyError(
    'not-found',
    ['No intermediate of this issuer has that SHA-256. It has:', ...known].join('\n'),
  )
}

async function confirm(
  { fingerprint, subject, slot, taintedAt }: IntermediateView,
  intermediates: readonly IntermediateView[],
  { terminal }: Session,
): Promise<void> {
  // Before anything is shown: with --json, standard error is to be JSON alone.
  if (!terminal.interactive) {
    throw new MayflyError(
      'usage',
      `There is no terminal to ask on. To taint it without a question: \`mayfly issuer taint ${fingerprint} --yes\`.`,
    )
  }
  const next = intermediates.find((view) => view.slot === 'next')
  // The issuer would refuse it; so that nobody types a fingerprint in vain.
  if (slot === 'current' && next === undefined && taintedAt === undefined) {
    throw new MayflyError('not-found', `Nothing was tainted. ${nonePrepared}`)
  }
  terminal.say(
    [
      heading('To taint an intermediate cannot be taken back.'),
      ...columns([
        ['Tainted', `${subject} (${slot})`],
        ['SHA-256', formatFingerprint(fingerprint)],
        ...(slot === 'current'
          ? [['Then signs', next === undefined ? '(none is prepared)' : next.subject] as const]
          : []),
      ]),
      'It signs nothing any more, and every host replaces its certificate within the hour (or bundle.maxAge).',
    ].join('\n'),
  )
  const wanted = fingerprint.slice(0, typedCharacters)
  const typed = await terminal.ask(`Type the first ${typedCharacters} characters of the SHA-256: `)
  // It is shown in groups, and may be typed so.
  if (typed.toLowerCase().replaceAll(/[\s:]/g, '') === wanted) return
  throw new MayflyError('cancelled', 'Cancelled; nothing was done.')
}

function taint(admin: AdminClient, { fingerprint }: IntermediateView): Promise<TaintedAuthority> {
  return admin.taintAuthority(fingerprint)
}

function describe(tainted: TaintedAuthority): Answer<JsonOf<typeof issuerTaintJson>> {
  return {
    json: tainted,
    lines: [
      heading('The intermediate is tainted.'),
      ...columns([
        ['Tainted', formatFingerprint(tainted.fingerprint)],
        ['Signs now', formatFingerprint(tainted.current)],
      ]),
      '',
      'The keys that wait are minted under the other one now; hosts are told when they next look, within the hour (or bundle.maxAge).',
      'Watch `mayfly issuer status`. Then, on the root box, so that nobody accepts the tainted one any more:',
      `  mayfly root bundle --root DIR --distrust ${tainted.fingerprint}`,
    ],
  }
}
