export interface KeptConfigurationOptions<T> {
  /** Reads the file and checks it. */
  readonly read: () => Promise<T>
  /** Puts a configuration into use, or throws and leaves everything as it was. */
  readonly follow: (next: T) => Promise<void>
  /** The newest file is in use. */
  readonly onUse?: () => void
  /** What keeps the newest file from being used; the configuration before stays in use. */
  readonly onMistake: (error: unknown) => void
}

/** The configuration of a running daemon, which changes with its file. */
export interface KeptConfiguration {
  /** What keeps the newest file from being used. */
  mistake(): { readonly error: unknown } | undefined
  /** Reads the file again and follows it. One comes after the other; never rejects. */
  reload(): Promise<void>
  /** The same where a mistake stands, whose cause may have gone without a change of the file. What is told already is not told again. */
  retry(): Promise<void>
  /** Resolves when what is under way has ended; nothing is read after it. */
  close(): Promise<void>
}

/** A mistake that is saved changes nothing: it is told, and the configuration before stays in use. */
export function keepConfiguration<T>(options: KeptConfigurationOptions<T>): KeptConfiguration {
  const { read, follow, onUse, onMistake } = options
  let mistake: { readonly error: unknown } | undefined
  // A signal and a change of the file may come together.
  let last: Promise<void> = Promise.resolve()
  let isClosed = false

  const use = async (isTold: (error: unknown) => boolean): Promise<void> => {
    if (isClosed) return
    try {
      await follow(await read())
      mistake = undefined
    } catch (error) {
      const isNews = !isTold(error)
      mistake = { error }
      if (isNews) onMistake(error)
      return
    }
    onUse?.()
  }

  return {
    mistake: () => mistake,
    reload() {
      last = last.then(() => use(() => false))
      return last
    },
    retry() {
      last = last.then(async () => {
        const told = mistake
        if (told !== undefined) await use((error) => messageOf(error) === messageOf(told.error))
      })
      return last
    },
    close() {
      isClosed = true
      return last
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
