//! A look into the members' storage account of an installation, with the rights of its identity.

use serde_json::json;

use super::{Installation, client, control};

/// A version that Azurite takes and that has bearer tokens.
const VERSION: &str = "2025-11-05";

impl Installation {
    /// The texts of all blobs in a container whose names begin so, by name; none where there is no container.
    pub async fn blobs(&self, container: &str, prefix: &str) -> Option<Vec<(String, String)>> {
        let list = self.blob(&format!("{container}?restype=container&comp=list&prefix={prefix}")).await?;
        let mut blobs = Vec::new();
        for rest in list.split("<Name>").skip(1) {
            let name = rest.split("</Name>").next().unwrap().to_owned();
            let text = self.blob(&format!("{container}/{name}")).await.unwrap();
            blobs.push((name, text));
        }
        Some(blobs)
    }

    /// Puts a blob there.
    pub async fn put_blob(&self, container: &str, name: &str, text: &str) {
        let request = self.blob_request("PUT", &format!("{container}/{name}")).await;
        let answer =
            request.header("x-ms-blob-type", "BlockBlob").body(text.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    }

    async fn blob(&self, path: &str) -> Option<String> {
        let answer = self.blob_request("GET", path).await.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        if status == 404 {
            return None;
        }
        assert_eq!(status, 200, "{path}: {text}");
        Some(text)
    }

    async fn blob_request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let connection = self.facts["members_storage"].as_str().unwrap();
        let endpoint = connection.split(';').find_map(|part| part.strip_prefix("BlobEndpoint=")).unwrap();
        let wish = json!({ "resource": "https://storage.azure.com" });
        let token = control("POST", &format!("/installations/{}/identity/token", self.name), wish).await;
        client()
            .request(method.parse().unwrap(), format!("{}/{path}", endpoint.trim_end_matches('/')))
            .bearer_auth(token["token"].as_str().unwrap())
            .header("x-ms-version", VERSION)
    }
}
