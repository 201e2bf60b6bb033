import { type EnrolmentBody, endpointPaths, enrolmentBodySchema, mediaTypes } from '@mayfly/ca-core'
import * as z from 'zod'
import type { Issuer } from '../../issuing/issuer.ts'
import { jsonAnswer, type Route, route } from '../route.ts'

/** `POST /v1/enrollments`: a token and a first key give an identity's first certificate. */
export function enrollmentRoute(issuer: Pick<Issuer, 'enroll'>): Route {
  return route<{ body: EnrolmentBody }>({
    method: 'POST',
    url: endpointPaths.enrollments,
    action: 'enroll',
    requires: 'token',
    accepts: mediaTypes.json,
    schema: z.object({ body: enrolmentBodySchema }),
    async run({ input, context, attempt }) {
      // 201 and 200 would tell a repetition from the first time; both are the same answer.
      return jsonAnswer(await issuer.enroll(input.body, context, attempt))
    },
  })
}
