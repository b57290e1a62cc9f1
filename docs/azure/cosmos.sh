#!/usr/bin/env bash
# The same as cosmos.bicep by az alone. Usage: cosmos.sh RESOURCE_GROUP ACCOUNT DATABASE PRINCIPAL_ID
set -euo pipefail
group=$1 account=$2 database=$3 principal=$4
index='{"indexingMode":"consistent","automatic":true,"includedPaths":[{"path":"/version/?"},{"path":"/eventId/?"}],"excludedPaths":[{"path":"/*"}]}'

az cosmosdb create -g "$group" -n "$account" --default-consistency-level Session --disable-local-auth true \
  --enable-multiple-write-locations false --backup-policy-type Continuous --continuous-tier Continuous7Days
az cosmosdb sql database create -g "$group" -a "$account" -n "$database"
az cosmosdb sql container create -g "$group" -a "$account" -d "$database" -n events -p /aggregateId --partition-key-version 2 \
  --unique-key-policy '{"uniqueKeys":[{"paths":["/eventId"]}]}' --idx "$index" --max-throughput 4000
for name in snapshots leases; do
  az cosmosdb sql container create -g "$group" -a "$account" -d "$database" -n "$name" -p /aggregateId \
    --partition-key-version 2 --idx "$index" --max-throughput 1000
done
az cosmosdb sql role assignment create -g "$group" -a "$account" -p "$principal" -s / \
  -d 00000000-0000-0000-0000-000000000002
