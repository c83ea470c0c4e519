/** Things that arrive one after another, and people who wait for one of them. */
export class Arrivals<T> {
  readonly all: T[] = [];
  #waiting = new Set<(item: T) => void>();

  add(item: T): void {
    this.all.push(item);
    for (const look of [...this.#waiting]) look(item);
  }

  /** The first item, arrived or still to come, for which `wanted` holds. */
  waitFor(wanted: (item: T) => boolean, what: string, timeout: number): Promise<T> {
    const present = this.all.find(wanted);
    if (present !== undefined) return Promise.resolve(present);
    return new Promise((resolve, reject) => {
      const look = (item: T) => {
        if (!wanted(item)) return;
        done();
        resolve(item);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`${what}: nothing in ${timeout} ms (${this.all.length} others came)`));
      }, timeout);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
    });
  }

  /** Forgets what has arrived. */
  clear(): void {
    this.all.length = 0;
  }
}
