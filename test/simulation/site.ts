/** The world outside, which no crash of ours undoes: what was sent to it happens, once for each time it was sent. */
export class SimulatedSite {
  /** Effects that happened, by `<commandId> <action>`. */
  readonly writes = new Map<string, number>();

  apply(commandId: string, action: string) {
    const key = `${commandId} ${action}`;
    this.writes.set(key, (this.writes.get(key) ?? 0) + 1);
  }

  has(commandId: string, action: string): boolean {
    return this.count(commandId, action) > 0;
  }

  count(commandId: string, action: string): number {
    return this.writes.get(`${commandId} ${action}`) ?? 0;
  }
}
