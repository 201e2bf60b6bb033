import { type IncomingMessage, request } from 'node:http'
import { isMayflyError, MayflyError, mediaTypes, parseProblem } from '@mayfly/ca-core'
import type { KeptAlarmKind } from '../alarms/kept-alarms.ts'
import type { AuditEndView, AuditRecordView } from '../audit/read-audit.ts'
import type { RestoredNote } from '../backup/restore-notes.ts'
import type { AppliedIdentities } from '../identities/apply-identities.ts'
import type { IdentityView } from '../identities/identity-view.ts'
import type { IdentityList } from '../identities/list-identities.ts'
import type { Resumed } from '../identities/resume-identity.ts'
import type { ActivatedAuthority, TaintedAuthority } from '../issuing/intermediates/taint-authority.ts'
import type { IssuerStatus } from '../issuing/issuer-status.ts'
import type { CreatedToken } from '../tokens/create-token.ts'
import type { TokenView } from '../tokens/token-view.ts'
import type {
  ApplyIdentitiesMessage,
  AuditPageMessage,
  IdentityPageMessage,
  NewIdentityMessage,
  NewTokenMessage,
} from './admin-messages.ts'

/** A page of identities with a hundred names each stays below it. */
const answerBytesMax = 16_777_216
const timeoutMs = 30_000

/** The running issuer, as its administrator sees it. Errors are those that the issuer gives. */
export interface AdminClient {
  addIdentity(identity: NewIdentityMessage): Promise<IdentityView>
  /** One page; ask after `next` for the one behind it. */
  listIdentities(page?: IdentityPageMessage): Promise<IdentityList>
  /** All of it or nothing; with `dryRun` nothing. */
  applyIdentities(order: ApplyIdentitiesMessage): Promise<AppliedIdentities>
  showIdentity(name: string): Promise<IdentityView>
  suspendIdentity(name: string): Promise<IdentityView>
  resumeIdentity(name: string): Promise<Resumed>
  createToken(token: NewTokenMessage): Promise<CreatedToken>
  listTokens(): Promise<readonly TokenView[]>
  revokeToken(jti: string): Promise<void>
  status(): Promise<IssuerStatus>
  acceptClock(): Promise<void>
  acceptForgotten(): Promise<RestoredNote>
  /** One page; ask from after the last number for the next. */
  readAudit(page?: AuditPageMessage): Promise<readonly AuditRecordView[]>
  auditEnd(): Promise<AuditEndView>
  acknowledgeAlarm(because: KeptAlarmKind): Promise<void>
  /** SHA-256 of the intermediate, lower hex. */
  taintAuthority(fingerprint: string): Promise<TaintedAuthority>
  activateAuthority(): Promise<ActivatedAuthority>
}

/**
 * Speaks to the issuer at `socketPath`. Throws `transport-failed` where none answers there, or what `seeWhy` throws then:
 * it looks for what may keep the issuer from running.
 */
export function adminClient(socketPath: string, seeWhy?: () => Promise<unknown>): AdminClient {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    try {
      return (await exchange(socketPath, method, path, body)) as T
    } catch (error) {
      if (isMayflyError(error, 'transport-failed')) await seeWhy?.()
      throw error
    }
  }
  const identity = (name: string): string => `/admin/identities/${encodeURIComponent(name)}`
  return {
    addIdentity: (added) => ask('POST', '/admin/identities', added),
    listIdentities: (page = {}) => ask('GET', `/admin/identities?${queryOf(page)}`),
    applyIdentities: (order) => ask('POST', '/admin/identities/apply', order),
    showIdentity: (name) => ask('GET', identity(name)),
    suspendIdentity: (name) => ask('POST', `${identity(name)}/suspend`),
    resumeIdentity: (name) => ask('POST', `${identity(name)}/resume`),
    createToken: (token) => ask('POST', '/admin/tokens', token),
    async listTokens() {
      return (await ask<{ tokens: readonly TokenView[] }>('GET', '/admin/tokens')).tokens
    },
    revokeToken: (jti) => ask('DELETE', `/admin/tokens/${encodeURIComponent(jti)}`),
    status: () => ask('GET', '/admin/status'),
    acceptClock: () => ask('POST', '/admin/clock/accept'),
    acceptForgotten: () => ask('POST', '/admin/forgotten/accept'),
    readAudit: async (page = {}) =>
      (await ask<{ records: readonly AuditRecordView[] }>('GET', `/admin/audit?${queryOf(page)}`)).records,
    auditEnd: () => ask('GET', '/admin/audit/end'),
    taintAuthority: (fingerprint) => ask('POST', '/admin/authority/taint', { fingerprint }),
    activateAuthority: () => ask('POST', '/admin/authority/activate'),
    acknowledgeAlarm: (because) => ask('DELETE', `/admin/alarms/${because}`),
  }
}

function queryOf(page: object): URLSearchParams {
  return new URLSearchParams(Object.entries(page).map(([key, value]) => [key, String(value)]))
}

async function exchange(socketPath: string, method: string, path: string, body: unknown): Promise<unknown> {
  const answer = await send(socketPath, method, path, body === undefined ? undefined : JSON.stringify(body))
  const text = await readText(answer)
  const value: unknown = text === '' ? undefined : parseAnswer(text)
  if (answer.statusCode !== undefined && answer.statusCode < 300) return value
  const { code, detail, requestId } = parseProblem(value)
  throw new MayflyError(code, detail, { details: { requestId } })
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: string | undefined,
): Promise<IncomingMessage> {
  const headers = body === undefined ? {} : { 'content-type': mediaTypes.json }
  return new Promise((resolve, reject) => {
    // A connection for each: a kept one may be closed by the issuer just as the next request goes out on it.
    const asked = request({ socketPath, method, path, headers, timeout: timeoutMs, agent: false }, resolve)
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    asked.on('error', (cause) => reject(unreachable(socketPath, cause)))
    asked.end(body)
  })
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > answerBytesMax)
      throw new MayflyError('answer-invalid', 'The answer of the issuer is too long.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MayflyError('answer-invalid', 'The answer of the issuer is not JSON.', { cause })
  }
}

function unreachable(socketPath: string, cause: NodeJS.ErrnoException | Error): MayflyError {
  const code = 'code' in cause ? cause.code : undefined
  if (code === 'EACCES') {
    const message = `${socketPath}: you may not use this socket. Run this as the user of the issuer, or with sudo.`
    return new MayflyError('permission-denied', message, { cause })
  }
  const message = `No issuer answers at ${socketPath}. Is it running? (mayfly issuer run)`
  return new MayflyError('transport-failed', message, { cause })
}
