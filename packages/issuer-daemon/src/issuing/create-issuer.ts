import { secondMs } from '@mayfly/ca-core'
import { ownerRights } from '../admin/admin-rights.ts'
import { acknowledgeAlarm } from '../alarms/acknowledge-alarm.ts'
import { openAttempt } from '../audit/audit-attempt.ts'
import { auditEnd, readAudit } from '../audit/read-audit.ts'
import { createSignedHead } from '../audit/signed-head.ts'
import { submitWitnessed } from '../audit/submit-witnessed.ts'
import { acceptForgotten } from '../backup/accept-forgotten.ts'
import { noticeBackup } from '../backup/notice-backup.ts'
import { watchHistory } from '../backup/watch-history.ts'
import { enroll } from '../enrolment/enroll.ts'
import { addIdentity } from '../identities/add-identity.ts'
import { applyIdentities } from '../identities/apply-identities.ts'
import { listIdentities } from '../identities/list-identities.ts'
import { resumeIdentity } from '../identities/resume-identity.ts'
import { showIdentity } from '../identities/show-identity.ts'
import { suspendIdentity } from '../identities/suspend-identity.ts'
import { authenticateRequest } from '../lineage/authenticate-request.ts'
import { createSweepMemory } from '../sweep/last-sweep.ts'
import { runSweep } from '../sweep/run-sweep.ts'
import { ToldFailures } from '../sweep/told-failures.ts'
import { createUpkeep } from '../sweep/upkeep.ts'
import { authenticateToken } from '../tokens/authenticate-token.ts'
import { createToken } from '../tokens/create-token.ts'
import { listTokens } from '../tokens/list-tokens.ts'
import { revokeToken } from '../tokens/revoke-token.ts'
import { acceptClock } from './accept-clock.ts'
import { findCertificate } from './find-certificate.ts'
import { activateAuthority, taintAuthority } from './intermediates/taint-authority.ts'
import type { Issuer } from './issuer.ts'
import type { IssuerPorts } from './issuer-ports.ts'
import { issuerStatus, type StoredFacts } from './issuer-status.ts'
import { mintOwn } from './mint-own.ts'
import { recover } from './recover.ts'
import { StoreLook } from './store-look.ts'

/** Gives the use cases their ports. */
export function createIssuer(ports: IssuerPorts): Issuer {
  const { store, clock } = ports
  const sweeps = createSweepMemory(ports)
  const head = createSignedHead(ports)
  const upkeep = createUpkeep(ports)
  const history = watchHistory(ports)
  const told = new ToldFailures()
  const looks = new StoreLook<StoredFacts>()
  return {
    async recover() {
      await noticeBackup(ports)
      await history.compare()
      await head.load()
      await sweeps.load()
      return recover(ports)
    },
    openAudit: (opening) => openAttempt(opening, { store, now: () => clock.now() }),
    authenticateToken: (token) => authenticateToken(token, ports),
    authenticateRequest: (jws, url) => authenticateRequest(jws, url, ports),
    enroll: async (body, context, attempt) => head.handOut(await enroll(body, context, attempt, ports)),
    submitRequest: async (context, attempt) => head.handOut(await submitWitnessed(context, attempt, ports)),
    certificate: (keyHash) => findCertificate(keyHash, ports),
    async sweep(options) {
      const startedMs = clock.monotonic()
      const { report, signed } = await runSweep(options, ports, { head, upkeep, history, told })
      const durationSeconds = Math.round(clock.monotonic() - startedMs) / secondMs
      return sweeps.keep(report, durationSeconds, signed)
    },
    markHistory: () => history.mark(),
    mintOwn: (order) => mintOwn(order, ports),
    addIdentity: (identity, attempt, rights = ownerRights) => addIdentity(identity, attempt, ports, rights),
    applyIdentities: (order, attempt, rights = ownerRights) => applyIdentities(order, attempt, ports, rights),
    listIdentities: (order = {}, rights = ownerRights) => listIdentities(order, ports, rights),
    showIdentity: (name, rights = ownerRights) => showIdentity(name, ports, rights),
    suspendIdentity: (name, attempt, rights = ownerRights) => suspendIdentity(name, attempt, ports, rights),
    resumeIdentity: (name, attempt, rights = ownerRights) => resumeIdentity(name, attempt, ports, rights),
    createToken: (order, attempt, rights = ownerRights) => createToken(order, attempt, ports, rights),
    listTokens: (rights = ownerRights) => listTokens(ports, rights),
    revokeToken: (jti, attempt, rights = ownerRights) => revokeToken(jti, attempt, ports, rights),
    readAudit: (page) => readAudit(page, ports),
    auditEnd: () => auditEnd(head.current(), ports),
    status: () => issuerStatus(ports, { lastSweep: sweeps.last(), looks }),
    acknowledgeAlarm: (because, attempt) => acknowledgeAlarm(because, attempt, ports),
    acceptForgotten: (attempt) => acceptForgotten(attempt, ports),
    taintAuthority: (fingerprint, attempt) => taintAuthority(fingerprint, attempt, ports),
    activateAuthority: (attempt) => activateAuthority(attempt, ports),
    acceptClock: (attempt) => acceptClock(attempt, ports),
  }
}
