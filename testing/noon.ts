/** When virtual time begins, ms since 1970: a Thursday's noon, UTC. */
export const NOON = Date.UTC(2026, 0, 1, 12);
