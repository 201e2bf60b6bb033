/** What `ProtectHome=yes` makes empty (systemd.exec(5)). */
const homeFolders = ['/home/', '/root/', '/run/user/']

/** Whether a unit with `ProtectHome=yes` cannot see `path`. */
export function isInHome(path: string): boolean {
  return homeFolders.some((folder) => path.startsWith(folder))
}
