import { formatInstant } from '@mayfly/ca-core'
import { openAttempt } from '../audit/audit-attempt.ts'
import { enroll } from '../enrolment/enroll.ts'
import { addIdentity } from '../identities/add-identity.ts'
import { listIdentities } from '../identities/list-identities.ts'
import { resumeIdentity } from '../identities/resume-identity.ts'
import { showIdentity } from '../identities/show-identity.ts'
import { suspendIdentity } from '../identities/suspend-identity.ts'
import { authenticateRequest } from '../lineage/authenticate-request.ts'
import { submitRequest } from '../lineage/submit-request.ts'
import { runSweep } from '../sweep/run-sweep.ts'
import { authenticateToken } from '../tokens/authenticate-token.ts'
import { createToken } from '../tokens/create-token.ts'
import { listTokens } from '../tokens/list-tokens.ts'
import { revokeToken } from '../tokens/revoke-token.ts'
import { acceptClock } from './accept-clock.ts'
import { findCertificate } from './find-certificate.ts'
import type { Issuer } from './issuer.ts'
import type { IssuerPorts } from './issuer-ports.ts'
import { issuerStatus, type LastSweep } from './issuer-status.ts'
import { mintOwn } from './mint-own.ts'
import { recover } from './recover.ts'

/** Gives the use cases their ports. */
export function createIssuer(ports: IssuerPorts): Issuer {
  const { store, clock } = ports
  let lastSweep: LastSweep | undefined
  return {
    recover: () => recover(ports),
    openAudit: (opening) => openAttempt(opening, { store, now: () => clock.now() }),
    authenticateToken: (token) => authenticateToken(token, ports),
    authenticateRequest: (jws, url) => authenticateRequest(jws, url, ports),
    enroll: (body, context, attempt) => enroll(body, context, attempt, ports),
    submitRequest: (context, attempt) => submitRequest(context, attempt, ports),
    certificate: (keyHash) => findCertificate(keyHash, ports),
    async sweep(options) {
      const report = await runSweep(options, ports)
      lastSweep = { ...report, finishedAt: formatInstant(clock.now()) }
      return report
    },
    mintOwn: (order) => mintOwn(order, ports),
    addIdentity: (identity, attempt) => addIdentity(identity, attempt, ports),
    listIdentities: (filter = {}) => listIdentities(filter, ports),
    showIdentity: (name) => showIdentity(name, ports),
    suspendIdentity: (name, attempt) => suspendIdentity(name, attempt, ports),
    resumeIdentity: (name, attempt) => resumeIdentity(name, attempt, ports),
    createToken: (order, attempt) => createToken(order, attempt, ports),
    listTokens: () => listTokens(ports),
    revokeToken: (jti, attempt) => revokeToken(jti, attempt, ports),
    status: () => issuerStatus(ports, lastSweep),
    acceptClock: (attempt) => acceptClock(attempt, ports),
  }
}
