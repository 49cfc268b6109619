// Routes that the router's tests share: an app with everything, and one with nothing.
import type { Routes } from '../../../../src/host/router/routes.ts'

export const routes: Routes = {
  http: { host: '0.0.0.0', port: 8080 },
  apps: [
    {
      key: 'app1',
      domains: ['one.example.org', 'www.one.example.org'],
      ports: [
        { scheme: 'http', hostPort: 20000, containerPort: 5000 },
        { scheme: 'tcp', hostPort: 20001, containerPort: 5432 },
      ],
      defaultPort: 5000,
      servers: [
        { name: 'app1-web-1-d3', address: '10.213.0.5' },
        { name: 'app1-web-2-d3', address: '10.213.0.6' },
      ],
    },
    { key: 'app2', domains: [], ports: [], defaultPort: 3000, servers: [] },
  ],
}
