/**
 * Of the API that both documents describe, MAJOR.MINOR. What breaks a client (test/docs/api-compatibility.test.ts names it)
 * needs a new MAJOR here and the new documents in docs/api/released, by `npm run generate -- --release`.
 */
export const API_VERSION = '1.0';
