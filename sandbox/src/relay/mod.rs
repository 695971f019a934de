//! The tunnels' relay, and the site that opens a tunnel in a browser.
//!
//! A tunnel's host connects outward and stays. It is told of each connection of a browser's, and comes for it with one of
//! its own; what goes through then is not looked at. `/tunnel/NAME` leads to an origin of that tunnel's, as on the real
//! site, so that one browser holds several apart.

mod head;
mod hosts;
mod pass;

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::strict::Oddities;
use head::{Head, Wanted};

/// A host that does not come for a browser by then will not come.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// A running relay.
pub struct Relay {
    inner: Arc<Inner>,
    browsers: SocketAddr,
    hosts: SocketAddr,
}

struct Inner {
    /// Where browsers come: a part of every address.
    port: u16,
    tunnels: Mutex<BTreeMap<String, Arc<Tunnel>>>,
    /// Browsers whose host was told of them, and has not come yet.
    waiting: Mutex<HashMap<Uuid, oneshot::Sender<TcpStream>>>,
    oddities: Oddities,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// A tunnel that is connected.
struct Tunnel {
    /// The folder that is opened: the workspace's home.
    home: String,
    tell: mpsc::Sender<Uuid>,
    /// Nothing comes from the browser or goes to it, and no end of its connections is closed.
    asleep: watch::Sender<bool>,
    /// Of the connections that there are now.
    cut: Mutex<CancellationToken>,
    gone: CancellationToken,
}

impl Relay {
    /// Begins, with a port for browsers on loopback and one for hosts on an address that they reach.
    ///
    /// # Errors
    /// When no port is free, or the address is not this computer's.
    pub async fn start(hosts: IpAddr, oddities: Oddities) -> Result<Self> {
        let browsers = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
        let inward = TcpListener::bind((hosts, 0)).await.with_context(|| format!("no port on {hosts}"))?;
        let inner = Arc::new(Inner {
            port: browsers.local_addr()?.port(),
            tunnels: Mutex::default(),
            waiting: Mutex::default(),
            oddities,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let relay = Self { browsers: browsers.local_addr()?, hosts: inward.local_addr()?, inner };
        relay.inner.accept(browsers, |inner, stream| async move { inner.browser(stream).await });
        relay.inner.accept(inward, |inner, stream| async move { inner.host(stream).await });
        Ok(relay)
    }

    /// Where the site is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.browsers)
    }

    /// Writes for hosts, in a folder beside theirs, where the relay is and which servers there are.
    ///
    /// # Errors
    /// When the folder can not be written.
    pub fn tell(&self, folder: &Path, servers: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let link = folder.join("servers");
        if link.symlink_metadata().is_ok() {
            std::fs::remove_file(&link)?;
        }
        symlink(servers, link)?;
        Ok(std::fs::write(folder.join("relay"), format!("{}\n", self.hosts))?)
    }

    /// The browsers of a tunnel fall asleep, or wake up: until then they neither send nor take anything.
    ///
    /// # Errors
    /// When no such tunnel is connected.
    pub fn sleep(&self, name: &str, asleep: bool) -> Result<()> {
        self.inner.tunnel(name)?.asleep.send_replace(asleep);
        Ok(())
    }

    /// The relay gives the connections of a tunnel's browsers up. One that sleeps does not learn it before it wakes.
    ///
    /// # Errors
    /// When no such tunnel is connected.
    pub fn cut(&self, name: &str) -> Result<()> {
        let tunnel = self.inner.tunnel(name)?;
        std::mem::take(&mut *lock(&tunnel.cut)).cancel();
        Ok(())
    }

    /// Closes both ports and every connection.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.inner.stopping.cancel();
    }
}

impl Inner {
    fn accept<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        listener: TcpListener,
        serve: impl Fn(Arc<Self>, TcpStream) -> F + Send + 'static,
    ) {
        let inner = self.clone();
        self.tasks.spawn(async move {
            while let Some(accepted) = inner.stopping.run_until_cancelled(listener.accept()).await {
                let Ok((stream, _)) = accepted else {
                    // out of file handles, most likely: some connection has to end first
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let stop = inner.stopping.clone();
                inner.tasks.spawn(stop.run_until_cancelled_owned(serve(inner.clone(), stream)));
            }
        });
    }

    fn tunnel(&self, name: &str) -> Result<Arc<Tunnel>> {
        let found = lock(&self.tunnels).get(name).cloned();
        found.with_context(|| format!("no tunnel `{name}` is at the relay"))
    }

    async fn browser(&self, mut stream: TcpStream) {
        let Ok(head) = Head::read(&mut stream).await else { return };
        let answer = match head.wanted() {
            Wanted::Tunnel(name) => match self.tunnel(name) {
                Ok(tunnel) => return self.visit(&tunnel, head, stream).await,
                Err(why) => head::missing(&why.to_string()),
            },
            Wanted::Address(name) => match self.tunnel(name) {
                Ok(tunnel) => head::leads_to(name, self.port, &tunnel.home),
                Err(why) => head::missing(&why.to_string()),
            },
            Wanted::Icon => head::missing("there is no picture"),
            Wanted::Unknown => {
                let asked = head.first_line().to_owned();
                self.oddities.remember(format!("the tunnels' site was asked for `{asked}`"));
                head::not_understood(&asked)
            }
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    /// Brings a browser to a tunnel's host.
    async fn visit(&self, tunnel: &Tunnel, head: Head, mut browser: TcpStream) {
        let cut = lock(&tunnel.cut).clone();
        let mut asleep = tunnel.asleep.subscribe();
        let mut met = false;
        let meet = async {
            // whoever sleeps comes when they wake up
            asleep.wait_for(|asleep| !asleep).await.ok()?;
            let visit = Uuid::new_v4();
            let (come, comes) = oneshot::channel();
            lock(&self.waiting).insert(visit, come);
            let told = tunnel.tell.send(visit).await;
            let came = timeout(COMES_WITHIN, comes).await;
            lock(&self.waiting).remove(&visit);
            told.ok()?;
            let mut host = came.ok()?.ok()?;
            met = true;
            host.write_all(head.bytes()).await.ok()?;
            pass::pass(&mut browser, host, asleep, cut).await;
            Some(())
        };
        tunnel.gone.run_until_cancelled(meet).await;
        if !met {
            let _ = browser.write_all(head::missing("the tunnel's host does not come").as_bytes()).await;
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
