// The client of image origins as the settings want it.
import { createOriginClient, type OriginClient } from "../../wire/guarded/origin-client.ts";
import type { SourceDeps } from "../sources/source.ts";

export const clientOf = ({ policy, elsewhere, settings, lookup }: SourceDeps): OriginClient =>
  createOriginClient({
    policy,
    ...(elsewhere && { elsewhere }),
    timeouts: settings.timeouts,
    ...(settings.ca && { ca: settings.ca }),
    ...(lookup && { lookup }),
  });
