/** The thread that writes has ended; what it was asked for may be done or not. */
export class BulkWriterEnded extends Error {}
