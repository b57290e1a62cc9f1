#!/usr/bin/env bash
# The same as lake.bicep by az alone. Usage: lake.sh RESOURCE_GROUP ACCOUNT CONTAINER WRITER_ID [READER_ID ...]
set -euo pipefail
resources=$1 account=$2 container=$3 writer=$4
shift 4

az storage account create -g "$resources" -n "$account" --sku Standard_ZRS --kind StorageV2 --hns true \
  --allow-shared-key-access false --allow-blob-public-access false --min-tls-version TLS1_2 --https-only true
az storage account blob-service-properties update -g "$resources" -n "$account" --enable-delete-retention true \
  --delete-retention-days 7
az storage container-rm create -g "$resources" --storage-account "$account" -n "$container" --public-access off
id=$(az storage account show -g "$resources" -n "$account" --query id -o tsv)/blobServices/default/containers/$container
az role assignment create --assignee-object-id "$writer" --assignee-principal-type ServicePrincipal \
  --role 'Storage Blob Data Contributor' --scope "$id"
for reader in "$@"; do
  az role assignment create --assignee-object-id "$reader" --assignee-principal-type ServicePrincipal \
    --role 'Storage Blob Data Reader' --scope "$id"
done
