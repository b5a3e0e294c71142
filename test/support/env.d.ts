declare namespace Cloudflare {
  interface Env {
    /** D1 migrations read by vitest.config.ts; only tests have this binding. */
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
