//! Any image: whatever its user, the home is theirs to write, and what the image lacks is said.

use super::{real, runs, started, stopped};
use crate::world::Installation;

#[tokio::test]
async fn in_any_image_the_home_is_its_users() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let cy = dcaas.member().await;
    let token = cy.token().await;
    for (image, user) in [("bare", "0"), ("other-user", "2000"), ("read-only", "3000")] {
        started(&dcaas, &token, Some(&format!("dcaas.example/{image}:dev"))).await;
        // with what the shell can do by itself: there is nothing else
        let status = runs(
            &cy,
            "while read -r name rest; do case $name in Uid:|Groups:) echo $rest;; esac; done < /proc/self/status",
        );
        let lines: Vec<Vec<&str>> = status.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0][0], user, "{image}");
        assert!(lines[1].contains(&"1000"), "{image}: the home's group: {status}");
        let write =
            format!("echo {image} > $HOME/{image} && read -r line < $HOME/{image} && echo $line $HOME");
        assert_eq!(runs(&cy, &write), format!("{image} /home/dev"));
        runs(&cy, &format!("echo x > /data/{image} && echo x > /run/dcaas/{image}"));
        let logs = dcaas.get(&token, "/api/logs?tail=200").await.text;
        assert!(logs.contains("an editor can not connect: this image lacks"), "{image}: {logs}");
        stopped(&dcaas, &token).await;
    }
    started(&dcaas, &token, None).await;
    assert_eq!(runs(&cy, "cat ~/bare ~/other-user ~/read-only"), "bare\nother-user\nread-only");
    runs(&cy, "echo more >> ~/note");
    stopped(&dcaas, &token).await;
}
