/**
 * A server whose work runs on worker threads, with its figures for Prometheus under /metrics.
 *
 *     node main.ts 9464 &
 *     curl localhost:9464/ localhost:9464/metrics
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRuntime } from 'millpond';
import { register } from 'millpond/prometheus';

const [port = '0'] = process.argv.slice(2);
const runtime = await createRuntime({ job: new URL('./noise.ts', import.meta.url), threads: 2 });
const metrics = register(runtime);

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/metrics') {
      response.setHeader('content-type', metrics.contentType);
      response.end(await metrics.metrics());
    } else {
      response.end(`${await runtime.run<number>(1)}\n`);
    }
  } catch (error) {
    response.statusCode = 500;
    response.end(`${(error as Error).message}\n`);
  }
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address() as AddressInfo;
  console.log(`http://127.0.0.1:${address.port}/metrics`);
});

for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => {
    server.close(async () => {
      const { endBytes } = await runtime.close();
      console.log(`closed, ${endBytes} bytes left`);
    });
  });
}
