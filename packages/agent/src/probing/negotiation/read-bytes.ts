import type { Socket } from 'node:net'

/**
 * Reads exactly `count` bytes and leaves the rest in the socket. Rejects with the socket's error, or
 * if it ends before.
 */
export async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  const ready = socket.read(count) as Buffer | null
  if (ready?.length === count) return ready
  // `read` gives a shorter rest only after the end.
  if (ready !== null || socket.readableEnded || socket.destroyed) throw closed()
  await readable(socket)
  return readBytes(socket, count)
}

function readable(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void) => () => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError)
      work()
    }
    const onReadable = settle(resolve)
    const onEnd = settle(() => reject(closed()))
    const onError = (error: Error): void => settle(() => reject(error))()
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError)
  })
}

function closed(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' })
}
