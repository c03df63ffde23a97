// The documentation page works on a network without the internet, under a policy without inline scripts.
import { describe, expect, it } from "vitest";
import { jsonOf, startRest } from "../tools/rest.ts";

const loaded = (html: string): string[] => [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, url]) => url ?? "");

describe("the documentation page", () => {
  it("loads only what we serve ourselves", async () => {
    await using rest = await startRest();
    const page = await rest.call("/docs", { role: undefined });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const urls = loaded(await page.text());
    expect(urls).toHaveLength(4);
    for (const url of urls) {
      expect(url).toMatch(/^\/docs\/[a-z0-9.-]+$/);
      const file = await rest.call(url, { role: undefined });
      expect(file.status).toBe(200);
      expect(Number(file.headers.get("content-length"))).toBe((await file.arrayBuffer()).byteLength);
    }
  });

  it("has no script, style or handler in itself", async () => {
    await using rest = await startRest();
    const html = await (await rest.call("/docs", { role: undefined })).text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
  });

  it("forbids the browser everything from elsewhere", async () => {
    await using rest = await startRest();
    const policy = (await rest.call("/docs", { role: undefined })).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it("starts swagger-ui on our own document, without its public validator", async () => {
    await using rest = await startRest();
    const script = await (await rest.call("/docs/initializer.js", { role: undefined })).text();
    expect(script).toContain('url: "/openapi.json"');
    expect(script).toContain("validatorUrl: null");
    expect(script).not.toMatch(/https?:/);
  });

  it.each(["/docs/index.html", "/docs/..%2fpackage.json", "/docs/constructor", "/docs/absolute-path.js"])(
    "gives no other file: %s",
    async (path) => {
      await using rest = await startRest();
      expect(await jsonOf(await rest.call(path, { role: undefined }))).toMatchObject({
        status: 404,
        code: "NOT_FOUND",
      });
    },
  );
});
