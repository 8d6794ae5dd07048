// Prints Tabler's CSS without the rules that no template or script of ours can match (used by bin/assets).
import { PurgeCSS } from "purgecss";

const [css] = await new PurgeCSS().purge({
  css: ["node_modules/@tabler/core/dist/css/tabler.min.css"],
  content: ["app/templates/**/*.html", "app/static/js/*.js"],
  // "w-50" and "btn-icon" style names; a dot or a colon would only match what we never write.
  defaultExtractor: (text) => text.match(/[A-Za-z][\w-]*/g) ?? [],
  // Jinja builds these from a value: alert-{{ category }}, is-{{ ... }}.
  safelist: { standard: ["is-invalid", "alert-success", "alert-warning", "alert-danger", "alert-info"] },
  keyframes: true,
  fontFace: true,
});
// Pictures inside the CSS would need img-src data:, which our policy does not give; our own rules draw instead.
process.stdout.write(css.css.replace(/url\("data:[^"]*"\)|url\('data:[^']*'\)|url\(data:[^)]*\)/g, "none"));
