import { generateKeyPair } from '@mayfly/ca-core'
import type { FuzzTarget } from './fuzz-target.ts'
import { readSigners } from './signers.ts'
import { certificateTarget } from './targets/certificate.ts'
import { certificateRequestTarget } from './targets/certificate-request.ts'
import { openHttpTarget } from './targets/http.ts'
import {
  agentYamlTarget,
  identitiesYamlTarget,
  issuerYamlTarget,
  jsonTarget,
  messageTarget,
} from './targets/messages-and-files.ts'
import { nameTarget, pemTarget, privateKeyTarget } from './targets/pem-and-names.ts'
import { bundleTarget, requestTarget, tokenTarget } from './targets/signed-messages.ts'

/** Every reader of what comes from outside. Those with a `close` are to be closed. */
export async function openTargets(): Promise<readonly FuzzTarget[]> {
  const signers = await readSigners()
  return [
    certificateTarget,
    certificateRequestTarget(await generateKeyPair('ec-p256')),
    privateKeyTarget,
    pemTarget,
    nameTarget,
    requestTarget(signers),
    tokenTarget(signers),
    bundleTarget(signers),
    messageTarget,
    jsonTarget,
    issuerYamlTarget,
    agentYamlTarget,
    identitiesYamlTarget,
    await openHttpTarget(),
  ]
}
