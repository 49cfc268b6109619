// What the deployer needs of the router; a test may stand in for it with these two.
import type { Router } from '../host/router/router.ts'

export type RouterPort = Pick<Router, 'set' | 'drain'>
