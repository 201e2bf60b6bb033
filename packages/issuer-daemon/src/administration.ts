/** What a program needs to ask an issuer that runs; the issuer itself would take three times as long to load. */
export { type AdminClient, adminClient } from './admin/admin-client.ts'
export { nonePrepared } from './authority/none-prepared.ts'
export { readAdminSocket } from './configuration/admin-place.ts'
export { identitiesFileBytesMax, readIdentitiesFile } from './identities/identities-file.ts'
