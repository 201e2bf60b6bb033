/**
 * The address that limits count by. An IPv6 host owns a whole /64 and could change its address with
 * every packet, so IPv6 callers are counted by their /64; IPv4 in IPv6 form counts as IPv4.
 */
export function addressForLimits(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '')
    .replace(/%.*$/, '')
  return plain.includes(':') ? `${firstFourGroups(plain)}::/64` : plain
}

function firstFourGroups(address: string): string {
  const [head = '', tail] = address.split('::')
  const headGroups = head === '' ? [] : head.split(':')
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - headGroups.length - tailGroups.length
  const groups = [...headGroups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...tailGroups]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
