const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/;

/** As much of an id as one reads: a UUID's first eight; what has words of its own, whole. */
export const shortId = (id: string): string => (UUID.test(id) ? id.slice(0, 8) : id);
