/** An ML-DSA-87 key and signature have 7.2 kB; a hundred names fit beside them. */
export const requestBytesMax = 16_384
