/** The kinds that are always there, each with how its actors are made and moved. */
export const builtInKinds: Readonly<Record<string, string>> = {
  command: 'POST /v1/commands makes one and POST /v1/commands/{id}/cancel ends it',
  session: 'POST /v1/sessions makes one, and its paths under /v1/sessions/{id} move it',
  approval: 'a command that needs one makes it, and POST /v1/approvals/{id} answers it',
  account: 'PUT /v1/accounts/{id} sets one, and the commands that act for it ask it for a place',
  selector:
    'a sweep or a command that looks for its element makes it, and POST /v1/selector_registry/{platform}/{name} decides about it',
  recipe:
    'a program of this machine makes one by what it sends to the recipe sockets; it has ended when the log hears of it',
  alert: 'a monitor makes it with POST /v1/alerts, and POST /v1/alerts/{id} acknowledges it',
  supervisor:
    'the process makes it when it starts, with --slots for its size; an operator may send it supervisor.drain',
  driver: 'the supervisor makes one for each slot and moves it; an operator may send it driver.retry'
};
