import * as z from 'zod'
import { jsonAnswer, type Requirement, type Route, route } from '../../src/api/route.ts'

/** Says back what it was told. */
export function echo(requires: Requirement, more: Partial<Route> = {}): Route {
  return route({
    method: 'POST',
    url: '/echo',
    action: 'echo',
    requires,
    accepts: 'application/json',
    schema: z.object({ body: z.strictObject({ say: z.string().max(20) }) }),
    run: async ({ input }) => jsonAnswer(input.body),
    ...more,
  } as Route<{ body: { say: string } }>)
}

/** Something to read. */
export const look: Route = route({
  method: 'GET',
  url: '/look/:what',
  action: 'look',
  requires: 'nothing',
  run: async () => jsonAnswer({ seen: true }),
})
