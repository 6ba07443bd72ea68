// The console is static files that control serves. In development (`vite services/console`) the API of a running control,
// or of the tests' own server, is reached through a proxy.
import { defineConfig } from 'vite';

const controlUrl = process.env.MAILWARD_CONTROL_URL ?? 'http://127.0.0.1:7400';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2024',
    // `light-dark()` and nesting are used as they are: one set of tokens for both themes.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark modules for frameworks that render on a server; here all of it is a client.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  server: {
    proxy: { '/api': controlUrl, '/socket.io': { target: controlUrl, ws: true } },
  },
});
