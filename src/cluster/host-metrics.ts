/**
 * Prometheus metrics of a host, its runner and the queue, at `/metrics` of a port of its own. Owns the
 * server. The values are read anew for each scrape.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Counter, Gauge, Registry } from 'prom-client';
import { register } from '../telemetry/prometheus.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { Broker } from './broker.ts';
import type { HostFigures } from './host-events.ts';

interface Measured {
  readonly broker: Broker;
  readonly host: { readonly figures: HostFigures };
  readonly runner: { snapshot(): Snapshot };
}

type Values = Readonly<Record<string, number>>;

/** @returns the server, which listens */
export async function serveMetrics(
  { broker, host, runner }: Measured,
  port: number,
  address: string,
): Promise<Server> {
  const registry = new Registry();
  register(runner, registry);
  const registers = [registry];
  const counter = (name: string, help: string, label: string, read: () => Values): void => {
    new Counter({
      ...{ name: `millpond_host_${name}_total`, help, labelNames: [label], registers },
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });
  };
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name: `millpond_host_${name}`, help, registers },
      collect() {
        this.set(read());
      },
    });
  };
  const figures = (): HostFigures => host.figures;
  counter('files', 'Files that have ended here, and those that were there already.', 'state', () => ({
    ...figures().files,
  }));
  counter('pages', 'Pages, by what became of them here.', 'state', () => {
    const { held: _held, ...pages } = figures().pages;
    return pages;
  });
  gauge('pages_held', 'Pages that this host holds.', () => figures().pages.held);
  gauge('files_running', 'Files that the runner has.', () => figures().running);
  gauge('files_waiting', 'Files of held pages that the runner does not have yet.', () => figures().waiting);
  gauge('fence_open', '1 while the locks of all held pages hold by the clock of this host.', () =>
    Number(figures().fenceOpen),
  );
  gauge(
    'repairs',
    'Times that the queue had lost pages, and this host put them back.',
    () => figures().repairs,
  );
  const queue = new Gauge({
    ...{ name: 'millpond_queue_pages', help: 'Pages in the queue, of all hosts.', registers },
    labelNames: ['batch', 'state'],
  });

  async function look(): Promise<void> {
    queue.reset();
    // Where the broker is away there is nothing to be told.
    for (const { id } of await broker.batches().catch(() => [])) {
      const counts = await broker.counts(id).catch(() => null);
      if (counts === null) continue;
      queue.set({ batch: id, state: 'waiting' }, counts.waiting);
      queue.set({ batch: id, state: 'held' }, counts.held);
    }
  }

  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    look()
      .then(() => registry.metrics())
      .then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
  });
  server.listen(port, address);
  await once(server, 'listening');
  return server.unref();
}
