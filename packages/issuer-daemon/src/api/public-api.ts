import type { Issuer } from '../issuing/issuer.ts'
import type { Readiness } from './readiness.ts'
import type { Route } from './route.ts'
import { bundleRoute, type TrustNews } from './routes/bundle-route.ts'
import { certificateRoute } from './routes/certificate-route.ts'
import { enrollmentRoute } from './routes/enrollment-route.ts'
import { healthRoutes } from './routes/health-routes.ts'
import { requestRoute } from './routes/request-route.ts'

/** Everything that the HTTPS API answers to; without `readiness` nothing about its own health. */
export function publicRoutes(
  issuer: Issuer,
  news: TrustNews,
  readiness: (() => Promise<Readiness>) | undefined,
): Route[] {
  return [
    bundleRoute(news),
    enrollmentRoute(issuer),
    requestRoute(issuer),
    certificateRoute(issuer),
    ...(readiness === undefined ? [] : healthRoutes(readiness)),
  ]
}
