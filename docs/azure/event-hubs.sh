#!/usr/bin/env bash
# The same as event-hubs.bicep by az alone, in Standard. Usage: event-hubs.sh RESOURCE_GROUP NAMESPACE HUB RELAY_ID [GROUP ...]
set -euo pipefail
resources=$1 namespace=$2 hub=$3 relay=$4
shift 4

az eventhubs namespace create -g "$resources" -n "$namespace" --sku Standard --capacity 1 --disable-local-auth true \
  --enable-auto-inflate true --maximum-throughput-units 4 --minimum-tls-version 1.2
az eventhubs eventhub create -g "$resources" --namespace-name "$namespace" -n "$hub" --partition-count 4 \
  --cleanup-policy Delete --retention-time 48
for group in "$@"; do
  az eventhubs eventhub consumer-group create -g "$resources" --namespace-name "$namespace" --eventhub-name "$hub" -n "$group"
done
id=$(az eventhubs eventhub show -g "$resources" --namespace-name "$namespace" -n "$hub" --query id -o tsv)
for role in 'Azure Event Hubs Data Sender' 'Azure Event Hubs Data Receiver'; do
  az role assignment create --assignee-object-id "$relay" --assignee-principal-type ServicePrincipal --role "$role" --scope "$id"
done
