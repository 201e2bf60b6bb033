import {
  bundleMaxAgeSecondsMax,
  endpointPaths,
  enrolmentBodySchema,
  formatBundleFreshness,
  issuedAnswerSchema,
  mediaTypes,
  problemSchema,
  requestBodySchema,
  scheduledAnswerSchema,
  signedAuditHeadSchema,
  taintedHeader,
} from '@mayfly/ca-core'
import * as z from 'zod'

/** The public API under `/v1` as an OpenAPI 3.1 document, from the schemas that check its messages. */
export function openApiDocument(): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Mayfly issuer', version: '1', description, license: { name: 'Apache-2.0' } },
    servers: [{ url: 'https://{host}', variables: { host: { default: 'ca.example.internal:8443' } } }],
    paths: {
      [endpointPaths.bundle]: { get: bundle },
      [endpointPaths.enrollments]: { post: enrolment },
      [endpointPaths.requests]: { post: request },
      [`${endpointPaths.certificates}/{keyHash}`]: { get: certificate },
    },
    components: {
      schemas: {
        EnrolmentBody: schemaOf(enrolmentBodySchema),
        RequestBody: schemaOf(requestBodySchema),
        IssuedAnswer: schemaOf(issuedAnswerSchema),
        ScheduledAnswer: schemaOf(scheduledAnswerSchema),
        Problem: schemaOf(problemSchema),
        FlattenedJws: schemaOf(signedAuditHeadSchema),
      },
    },
  }
}

const description =
  'TLS 1.3 only. Every error is a problem document (RFC 9457) with a stable `code`; docs/errors.md lists them. ' +
  '429 and 503 carry Retry-After.'

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const content = (mediaType: string, schema: object) => ({ content: { [mediaType]: { schema } } })
const problem = { description: 'Refused.', ...content(mediaTypes.problem, reference('Problem')) }

const bundleHeaders = {
  ETag: {
    description: 'The sequence of the bundle, in quotes.',
    required: true,
    schema: { type: 'string', pattern: '^"[0-9]+"$' },
  },
  'Cache-Control': {
    description: 'With max-age where `bundle.maxAge` is set: how long an agent need not look again.',
    required: true,
    schema: { type: 'string', example: formatBundleFreshness(bundleMaxAgeSecondsMax) },
  },
  [taintedHeader]: {
    description:
      'SHA-256 of intermediates that are tainted: certificates under them should be replaced at once.',
    schema: { type: 'string', pattern: '^[0-9a-f]{64}(, [0-9a-f]{64})*$' },
  },
}

const bundle = {
  operationId: 'bundle',
  summary: 'The signed trust bundle; its ETag is its sequence.',
  responses: {
    200: {
      description: 'A flattened JWS, signed by a root.',
      ...content(mediaTypes.jws, { type: 'object' }),
      headers: bundleHeaders,
    },
    304: { description: 'The bundle that If-None-Match names is the newest.', headers: bundleHeaders },
    default: problem,
  },
}

const enrolment = {
  operationId: 'enroll',
  summary: 'A token and a first key give the first certificate of an identity.',
  requestBody: { required: true, ...content(mediaTypes.json, reference('EnrolmentBody')) },
  responses: {
    200: { description: 'The certificate.', ...content(mediaTypes.json, reference('IssuedAnswer')) },
    default: problem,
  },
}

const request = {
  operationId: 'request',
  summary: 'The next key of a lineage, in a JWS (typ mayfly-request) whose payload is a RequestBody.',
  requestBody: { required: true, ...content(mediaTypes.jws, reference('FlattenedJws')) },
  responses: {
    200: { description: 'The certificate.', ...content(mediaTypes.json, reference('IssuedAnswer')) },
    202: { description: 'The key is staged.', ...content(mediaTypes.json, reference('ScheduledAnswer')) },
    default: problem,
  },
}

const certificate = {
  operationId: 'certificate',
  summary: 'The chain for a key, leaf first, once it is minted. Immutable.',
  parameters: [
    {
      name: 'keyHash',
      in: 'path',
      required: true,
      description: 'SHA-256 of the DER SubjectPublicKeyInfo, lower hex.',
      schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    },
  ],
  responses: {
    200: { description: 'PEM.', ...content(mediaTypes.pemChain, { type: 'string' }) },
    404: { ...problem, description: 'Not minted yet; Retry-After says when to ask again.' },
    default: problem,
  },
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>
  return rest
}
