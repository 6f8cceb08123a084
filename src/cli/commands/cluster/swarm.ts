import { exactArgs, noArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { clusterEntry } from "./cluster-command.ts";

export default defineTable({
  ca: clusterEntry({
    short: "Show the swarm's authority, or make a new one",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /swarm",
    flags: [
      "ca-cert:pem-file ca-key:pem-file cert-expiry:duration=2160h0m0s detach/d:bool",
      "external-ca:external-ca quiet/q:bool rotate:bool",
    ].join(" "),
  }),
  init: clusterEntry({
    short: "Begin a swarm",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "POST /swarm/init",
    flags: [
      "advertise-addr:string autolock:bool availability:string=active cert-expiry:duration=2160h0m0s",
      "data-path-addr:string data-path-port:uint32=0 default-addr-pool:ipNetSlice",
      "default-addr-pool-mask-length:uint32=24 dispatcher-heartbeat:duration=5s external-ca:external-ca",
      "force-new-cluster:bool listen-addr:node-addr=0.0.0.0:2377 max-snapshots:uint64=0",
      "snapshot-interval:uint64=10000 task-history-limit:int64=5",
    ].join(" "),
  }),
  join: clusterEntry({
    short: "Join a swarm",
    usage: "[OPTIONS] HOST:PORT",
    args: exactArgs(1),
    call: "POST /swarm/join",
    flags: [
      "advertise-addr:string availability:string=active data-path-addr:string",
      "listen-addr:node-addr=0.0.0.0:2377 token:string",
    ].join(" "),
  }),
  "join-token": clusterEntry({
    short: "Show what is needed to join",
    usage: "[OPTIONS] (worker|manager)",
    args: exactArgs(1),
    call: "GET /swarm",
    flags: "quiet/q:bool rotate:bool",
  }),
  leave: clusterEntry({
    short: "Leave the swarm",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "POST /swarm/leave",
    flags: "force/f:bool",
  }),
  unlock: clusterEntry({
    short: "Unlock the swarm",
    usage: "",
    args: noArgs,
    call: "POST /swarm/unlock",
  }),
  "unlock-key": clusterEntry({
    short: "Show the key that unlocks managers",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /swarm/unlockkey",
    failure: "could not fetch unlock key: ",
    flags: "quiet/q:bool rotate:bool",
  }),
  update: clusterEntry({
    short: "Change the swarm",
    usage: "[OPTIONS]",
    args: noArgs,
    call: "GET /swarm",
    flags: [
      "autolock:bool cert-expiry:duration=2160h0m0s dispatcher-heartbeat:duration=5s",
      "external-ca:external-ca max-snapshots:uint64=0 snapshot-interval:uint64=10000",
      "task-history-limit:int64=5",
    ].join(" "),
  }),
});
