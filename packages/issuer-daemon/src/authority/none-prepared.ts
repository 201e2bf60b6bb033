/** Why no other intermediate can take over, and what to do, in sentences. */
export const nonePrepared: string =
  'No other intermediate is prepared. Make one first: `mayfly issuer init`, `mayfly root sign`, ' +
  '`mayfly issuer install --prepare`.'
