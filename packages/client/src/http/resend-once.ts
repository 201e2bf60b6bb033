import type { Dispatcher } from 'undici'

/** RFC 9110 9.2.2: doing these twice is doing them once. */
const idempotentMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']
/** The connection ended; nothing says that anybody read the request. */
const lostConnectionCodes: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']

/**
 * A handler that sends an idempotent request once more when its connection ended before a byte of the
 * answer came. A server that rotates closes its idle connections, and may do so just as a request is on
 * its way (RFC 9112 9.3.1 allows what Go and browsers do too). `send` dispatches to the given handler.
 */
export function resendOnce(
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  send: (handler: Dispatcher.DispatchHandler) => void,
): Dispatcher.DispatchHandler {
  if (!canBeResent(options)) return handler
  let answered = false
  return forwarding(handler, {
    onResponseStarted() {
      answered = true
      handler.onResponseStarted?.()
    },
    onResponseStart(...response) {
      answered = true
      handler.onResponseStart?.(...response)
    },
    onRequestUpgrade(...upgrade) {
      answered = true
      handler.onRequestUpgrade?.(...upgrade)
    },
    // undici has no controller to give where already the connection failed, whatever its types say.
    onResponseError(controller: Dispatcher.DispatchController | undefined, error) {
      if (answered || controller === undefined || controller.aborted || !isLostConnection(error)) {
        handler.onResponseError?.(controller as Dispatcher.DispatchController, error)
        return
      }
      send(handler)
    },
  })
}

/** A stream has been read by now and can't be read again. */
function canBeResent({ method, body, upgrade }: Dispatcher.DispatchOptions): boolean {
  const isWhole = body === undefined || body === null || typeof body === 'string' || Buffer.isBuffer(body)
  return isWhole && !upgrade && idempotentMethods.includes(method)
}

function isLostConnection(error: Error): boolean {
  return 'code' in error && lostConnectionCodes.includes(error.code)
}

/** Everything goes to `handler` but what `own` takes. */
function forwarding(
  handler: Dispatcher.DispatchHandler,
  own: Dispatcher.DispatchHandler,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...start) => handler.onRequestStart?.(...start),
    onResponseData: (...chunk) => handler.onResponseData?.(...chunk),
    onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
    onBodySent: (...chunk) => handler.onBodySent?.(...chunk),
    onRequestSent: () => handler.onRequestSent?.(),
    ...own,
  }
}
