// The metrics: their names and labels, counted right, bounded, and never in the way of a scrape.
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { GaugeSources } from "../../src/telemetry/metrics.ts";

const create = () => createMetrics({ version: "1.2.3", process: false });

/** Sample lines of the exposition text, without comments and buckets. */
const samplesOf = async (metrics: ReturnType<typeof create>): Promise<string[]> =>
  (await metrics.text())
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.includes("_bucket"));

const sources: GaugeSources = {
  machines: () => 3,
  attachments: async () => ({ attached: 2, failed: 1 }),
  publications: async () => 2,
  onError: () => undefined,
};

describe("what happened", () => {
  it("is counted under the agreed names and labels", async () => {
    const metrics = create();
    metrics.operationEnded({ kind: "attach", outcome: "succeeded" });
    metrics.stepEnded({ kind: "attach", protocol: "redfish", step: "insert a-1", outcome: "done", durationMs: 1500 });
    metrics.bmcExchange({ protocol: "redfish", method: "GET", path: "/redfish/v1", status: 200, durationMs: 250 });
    metrics.bmcExchange({ protocol: "redfish", method: "POST", path: "/x", error: "ECONNRESET", durationMs: 250 });
    metrics.imagePlaneRequest({ status: 206, bytes: 4096 });
    metrics.imagePlaneRequest({ status: 206, bytes: 1 });
    metrics.imagePlaneGuess({ refused: false });
    metrics.imagePlaneGuess({ refused: true });
    metrics.downloadEnded("succeeded");
    metrics.setSources(sources);
    expect(await samplesOf(metrics)).toEqual([
      'mediabay_operations_total{kind="attach",outcome="succeeded"} 1',
      'mediabay_step_seconds_sum{kind="attach",protocol="redfish",step="insert",outcome="done"} 1.5',
      'mediabay_step_seconds_count{kind="attach",protocol="redfish",step="insert",outcome="done"} 1',
      'mediabay_bmc_requests_total{protocol="redfish",method="GET",class="2xx"} 1',
      'mediabay_bmc_requests_total{protocol="redfish",method="POST",class="error"} 1',
      'mediabay_bmc_request_seconds_sum{protocol="redfish",method="GET"} 0.25',
      'mediabay_bmc_request_seconds_count{protocol="redfish",method="GET"} 1',
      'mediabay_bmc_request_seconds_sum{protocol="redfish",method="POST"} 0.25',
      'mediabay_bmc_request_seconds_count{protocol="redfish",method="POST"} 1',
      'mediabay_image_plane_requests_total{code="206"} 2',
      "mediabay_image_plane_bytes_total 4097",
      'mediabay_image_plane_guesses_total{outcome="unknown"} 1',
      'mediabay_image_plane_guesses_total{outcome="refused"} 1',
      'mediabay_downloads_total{outcome="succeeded"} 1',
      "mediabay_machines 3",
      'mediabay_attachments{state="attaching"} 0',
      'mediabay_attachments{state="attached"} 2',
      'mediabay_attachments{state="detaching"} 0',
      'mediabay_attachments{state="detached"} 0',
      'mediabay_attachments{state="failed"} 1',
      "mediabay_publications 2",
      `mediabay_build_info{version="1.2.3",node="${process.version}"} 1`,
    ]);
  });

  it("of two gateways in one process is kept apart", async () => {
    const [one, two] = [create(), create()];
    one.downloadEnded("failed");
    expect((await samplesOf(two)).join()).not.toContain("downloads_total");
  });
});

describe("labels", () => {
  it("stay few, whatever is reported", async () => {
    const metrics = create();
    for (let n = 0; n < 1000; n += 1) {
      metrics.stepEnded({ kind: "attach", protocol: "redfish", step: `step-${n}`, outcome: "failed", durationMs: 1 });
      metrics.bmcExchange({ protocol: "redfish", method: `M${n}`, path: `/${n}`, status: n * 7, durationMs: 1 });
      metrics.imagePlaneRequest({ status: 10_000 + n, bytes: 0 });
    }
    metrics.stepEnded({ kind: "attach", protocol: "redfish", step: 'x"} 1\nfake 2', outcome: "done", durationMs: 1 });
    const lines = await samplesOf(metrics);
    expect(lines.length).toBeLessThan(2 * 66 + 20);
    expect(lines).toContain('mediabay_image_plane_requests_total{code="other"} 1000');
    expect(lines).not.toContain("fake 2");
  });
});

describe("a scrape", () => {
  it("goes on without a source that fails, says so, and has it back when it is well", async () => {
    const metrics = create();
    const errors: unknown[] = [];
    let well = true;
    const failing = async <T>(value: T): Promise<T> => {
      if (!well) throw new Error("disk");
      return value;
    };
    metrics.setSources({
      machines: () => failing(1),
      attachments: () => failing({ attached: 1 }),
      publications: () => 4,
      onError: (error) => errors.push(error),
    });
    const gauges = async (): Promise<string[]> =>
      (await samplesOf(metrics)).filter((line) => /machines|attachments|publications/.test(line));
    const healthy = await gauges();
    well = false;
    expect(await gauges()).toEqual(["mediabay_publications 4"]);
    expect(errors).toHaveLength(2);
    well = true;
    expect((await gauges()).sort()).toEqual(healthy.sort());
  });

  it("has the process's own metrics unless they are left out", async () => {
    expect(await createMetrics({ version: "1" }).text()).toContain("process_resident_memory_bytes");
    expect(await create().text()).not.toContain("process_resident_memory_bytes");
  });

  it("is plain exposition text", () => {
    expect(create().contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});
