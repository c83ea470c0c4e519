import { chromium } from "@playwright/test";
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args:["--no-sandbox"] });
const pages = JSON.parse(process.argv[2]);
for (const [look, scheme, width] of [["light","light",1280],["dark","dark",1280],["narrow","light",320],["narrowdark","dark",320]]) {
  const c = await b.newContext({ colorScheme: scheme, viewport: { width, height: 800 } });
  const p = await c.newPage();
  for (const [name, path] of pages) {
    await p.goto("http://127.0.0.1:3177" + path);
    const w = await p.evaluate(() => document.documentElement.scrollWidth);
    if (w > width) console.log("WIDE", name, look, w);
    await p.screenshot({ path: `/tmp/uishots/${name}-${look}.png`, fullPage: true });
  }
}
await b.close();
