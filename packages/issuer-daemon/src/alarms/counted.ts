/** `1 certificate`, `2 certificates`. @param many where the plural has another ending */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
